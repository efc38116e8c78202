// ws, as its documentation shows it: send() to one after another.
'use strict';

const { WebSocketServer } = require('ws');
const { pace, topicsOf, deflate, tellPort } = require('./pace.cjs');

const subscribers = new Map();
const of = (topic) => subscribers.get(topic) ?? subscribers.set(topic, new Set()).get(topic);

const server = new WebSocketServer(
  { host: '127.0.0.1', port: 0, backlog: 4096, perMessageDeflate: deflate },
  () => tellPort(server.address().port),
);
server.on('connection', (socket, request) => {
  const topics = topicsOf(request.url);
  for (const topic of topics) of(topic).add(socket);
  socket.on('error', () => {});
  socket.on('close', () => topics.forEach((topic) => of(topic).delete(socket)));
});
pace((topic, text) => {
  for (const socket of of(topic)) socket.send(text);
});
