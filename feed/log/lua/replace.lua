-- Gives the log a new epoch, once, after it lost entries that were seen; nobody leads it yet.
-- KEYS: meta, lease. ARGV: the epoch in which they were seen, the new one.
if redis.call('HGET', KEYS[1], 'epoch') == ARGV[1] then
    redis.call('HSET', KEYS[1], 'epoch', ARGV[2])
    redis.call('HDEL', KEYS[1], 'term')
    redis.call('DEL', KEYS[2])
end
