// What the servers in JavaScript share: the messages, at the rate that their standard input says.
'use strict';

const now = () => (performance.timeOrigin + performance.now()) * 1000; // µs since 1970

// The n-th, of 150 bytes: client/message.h makes the same.
function message(topic, number, due) {
  const cents = 19000 + ((number * 7919) % 997);
  const price = (of) => (of / 100).toFixed(2);
  return JSON.stringify({
    topic: `price:${topic}`,
    v: 10000 + (number % 90000),
    ts: 1790000000000,
    set: {
      price: price(cents),
      bid: price(cents - 1),
      ask: price(cents + 1),
      t: `${String(Math.floor(due)).padStart(16, '0')}|`,
      size: `${1000 + (number % 9000)}.5000`,
    },
  });
}

// Calls send(topic, text) for each. What is late comes late, with the time at which it was due.
exports.pace = (send) => {
  let topics = 1;
  let batch = 1;
  let interval = 0;
  let due = 0;
  let number = 0;
  let timer;
  const burst = () => {
    while (now() >= due) {
      for (let i = 0; i < batch; i++, number++) {
        const topic = `T${String(number % topics).padStart(4, '0')}`;
        send(topic, message(topic, number, due));
      }
      due += interval;
      if (now() >= due) {
        timer = setImmediate(burst); // late, and yet others must have their turn
        return;
      }
    }
    timer = setTimeout(burst, (due - now()) / 1000);
  };
  process.stdin.on('data', (line) => {
    [topics, batch, interval] = String(line).trim().split('\n').pop().split(' ').slice(1).map(Number);
    clearTimeout(timer);
    clearImmediate(timer);
    due = now() + interval;
    if (interval) timer = setTimeout(burst, interval / 1000);
  });
  process.stdin.on('end', () => process.exit());
};

exports.topicsOf = (url) => new URL(url, 'http://localhost').searchParams.get('topics').split(',');
exports.deflate = process.argv.includes('--deflate');
exports.tellPort = (port) => process.stdout.write(`port ${port}\n`);
