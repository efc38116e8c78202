// uWebSockets.js: it has topics, and publish() gathers what one turn of the loop sends.
'use strict';

const uws = require('@trufflesuite/uws-js-unofficial');
const { pace, topicsOf, deflate, tellPort } = require('./pace.cjs');

const app = uws.App();
app.ws('/*', {
  compression: deflate ? uws.SHARED_COMPRESSOR : uws.DISABLED,
  upgrade: (response, request, context) => {
    const header = (name) => request.getHeader(`sec-websocket-${name}`);
    const data = { topics: topicsOf(`/?${request.getQuery()}`) };
    response.upgrade(data, header('key'), header('protocol'), header('extensions'), context);
  },
  open: (socket) => {
    for (const topic of (socket.getUserData?.() ?? socket).topics) socket.subscribe(topic);
  },
});
app.listen('127.0.0.1', 0, (listener) => tellPort(uws.us_socket_local_port(listener)));
pace((topic, text) => app.publish(topic, text, false, deflate));
