// Bun's own server: it has topics as well.
'use strict';

const { pace, topicsOf, deflate, tellPort } = require('./pace.cjs');

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  fetch(request, self) {
    self.upgrade(request, { data: topicsOf(request.url) });
  },
  websocket: {
    perMessageDeflate: deflate,
    open(socket) {
      for (const topic of socket.data) socket.subscribe(topic);
    },
    message() {},
  },
});
tellPort(server.port);
pace((topic, text) => server.publish(topic, text, deflate));
