/** What is read out by screen readers: what happens, never numbers that tick. */

import { element } from "./page.js";
import { eventView, keyOf, scoreView } from "./view.js";
import { text } from "./wording.js";

const AT_ONCE = 3;
const HAPPENED = { add: "", amend: " corrected", void: " taken back" };
const STOPPED = new Set(["halted", "down"]);

/**
 * @param {import("../feed.js").FeedEvent} event
 * @param {import("../feed.js").Item} item  of its match
 */
export function eventLine(event, item) {
  const match = scoreView(event.topic, item, 0);
  const { kind } = eventView({ event, state: "stands", why: "" }, match);
  const score = `${match.home_name} ${match.home_score}, ${match.away_name} ${match.away_score}`;
  const kicks = match.home_kicks && `; kicks ${match.home_kicks} to ${match.away_kicks}`;
  return `${kind}${HAPPENED[event.op] ?? ""}. ${score}${kicks}.`;
}

/**
 * @param {string} topic
 * @param {import("../feed.js").Item | undefined} before
 * @param {import("../feed.js").Item | undefined} item
 * @returns {string}  empty: nothing worth a word
 */
export function stateLine(topic, before, item) {
  const [was, is] = [text(before?.data.state), text(item?.data.state)];
  if (!before || !item || was === is || !(STOPPED.has(was) || STOPPED.has(is))) return "";
  const why = text(item.data.why);
  const match = topic.startsWith("score:") && scoreView(topic, item, 0).title;
  return `${match || text(item.data.name) || keyOf(topic)} is ${is}${why && `: ${why}`}.`;
}

/**
 * A few at once can be listened to; of more the number is told.
 * @param {string[]} lines
 */
export function announce(lines) {
  if (lines.length === 0) return;
  const log = element("log");
  const said = lines.slice(0, AT_ONCE);
  if (lines.length > AT_ONCE) said.push(`And ${lines.length - AT_ONCE} more.`);
  log.append(
    ...said.map((says) => {
      const line = document.createElement("p");
      line.textContent = says;
      return line;
    }),
  );
  while (log.childElementCount > 2 * AT_ONCE) log.firstElementChild?.remove();
}
