/**
 * Keeps the screen fluent: where frames of it are missed while the feed moves, the server is asked
 * to send less of it (the newest state of each item once in a while), and for more again when there
 * is room. It is no secret: the badge says it.
 */

const STEPS_MS = [0, 100, 250, 500, 1_000];
const WINDOW_MS = 1_000;
const SLOW = 0.8;
/** So many windows one after another, before it is believed. */
const SLOW_WINDOWS = 3;
const FAST_WINDOWS = 15;
/** Fewer updates a second than these are not what keeps the screen back. */
const FEW = 50;

export class Pace {
  #ask;
  #step = 0;
  #frames = 0;
  #beganAt = 0;
  #best = 0;
  #slow = 0;
  #fast = 0;
  #isRunning = false;
  #painted = false;
  #changes = 0;
  #perSecond = 0;

  /** @param {(conflateMs: number) => void} ask */
  constructor(ask) {
    this.#ask = ask;
  }

  get conflateMs() {
    return STEPS_MS[this.#step];
  }

  /**
   * The page was written to.
   * @param {number} changes
   */
  painted(changes) {
    this.#painted = true;
    this.#changes += changes;
    if (this.#isRunning || document.hidden) return;
    this.#isRunning = true;
    this.#beganAt = 0;
    requestAnimationFrame(this.#frame);
  }

  says() {
    const moved = `${this.#perSecond} updates a second`;
    if (this.conflateMs === 0) return moved;
    return `slowed to ${1000 / this.conflateMs} a second for each row`;
  }

  /** @param {number} at */
  #frame = (at) => {
    if (this.#beganAt === 0) {
      this.#beganAt = at;
      this.#frames = 0;
      this.#changes = 0;
    }
    this.#frames += 1;
    if (at - this.#beganAt >= WINDOW_MS) {
      this.#judge(((this.#frames - 1) * 1000) / (at - this.#beganAt), at - this.#beganAt);
      // A page that nothing happens on, or that nobody sees, has no pace.
      if (!this.#painted || document.hidden) {
        this.#isRunning = false;
        return;
      }
      this.#painted = false;
      this.#beganAt = at;
      this.#frames = 1;
    }
    requestAnimationFrame(this.#frame);
  };

  /**
   * @param {number} fps
   * @param {number} lastedMs
   */
  #judge(fps, lastedMs) {
    this.#perSecond = Math.round((this.#changes * 1000) / lastedMs);
    this.#changes = 0;
    // What the screen can do is what it has done: not every one shows 60 frames a second.
    this.#best = Math.max(this.#best, fps);
    const isSlow = fps < SLOW * this.#best && this.#perSecond > FEW;
    this.#slow = isSlow ? this.#slow + 1 : 0;
    this.#fast = isSlow ? 0 : this.#fast + 1;
    if (this.#slow >= SLOW_WINDOWS) this.#move(1);
    else if (this.#fast >= FAST_WINDOWS) this.#move(-1);
  }

  /** @param {number} steps */
  #move(steps) {
    this.#slow = this.#fast = 0;
    const step = Math.min(Math.max(this.#step + steps, 0), STEPS_MS.length - 1);
    if (step === this.#step) return;
    this.#step = step;
    this.#ask(this.conflateMs);
  }
}
