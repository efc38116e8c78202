-- Begins a log where there is none. KEYS: log, meta. ARGV: the format, an epoch for a new log.
-- Gives the format, the epoch, the head, and by which call its entry was appended ("": trimmed).
local log, meta = KEYS[1], KEYS[2]
if not redis.call('HGET', meta, 'epoch') then
    redis.call('HSET', meta, 'format', ARGV[1], 'epoch', ARGV[2], 'head', 0, 'at', 0, 'size', 0)
end
local is = redis.call('HMGET', meta, 'format', 'epoch', 'head')
local newest = redis.call('XRANGE', log, is[3] .. '-0', is[3] .. '-0')[1]
return {is[1], is[2], tonumber(is[3]), newest and newest[2][4] or ''}
