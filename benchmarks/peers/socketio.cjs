// socket.io: a room for each topic, one emit() for each message.
'use strict';

const { createServer } = require('node:http');
const { Server } = require('socket.io');
const { pace, deflate, tellPort } = require('./pace.cjs');

const http = createServer();
const io = new Server(http, { perMessageDeflate: deflate });
io.on('connection', (socket) => {
  socket.join(socket.handshake.query.topics.split(','));
});
http.listen({ host: '127.0.0.1', port: 0, backlog: 4096 }, () => tellPort(http.address().port));
pace((topic, text) => io.to(topic).emit('change', JSON.parse(text)));
