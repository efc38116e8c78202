-- Begins a log where there is none. KEYS: meta. ARGV: the format, an epoch for a new log.
-- Gives the format, the epoch, the head, and the call that appended its entry.
local meta = KEYS[1]
if not redis.call('HGET', meta, 'epoch') then
    redis.call('HSET', meta, 'format', ARGV[1], 'epoch', ARGV[2],
        'head', 0, 'call', '', 'at', 0, 'size', 0)
end
return redis.call('HMGET', meta, 'format', 'epoch', 'head', 'call')
