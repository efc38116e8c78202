-- Lets go of a slice of entries, with the ids of their events. KEYS: log, meta, events.
-- ARGV: epoch, the offset to trim before, how many at the most.
-- Gives how many it let go, or -1 where the log is another one.
local log, meta, events = KEYS[1], KEYS[2], KEYS[3]
local was = redis.call('HMGET', meta, 'epoch', 'size')
if was[1] ~= ARGV[1] then
    return -1
end
local entries = redis.call('XRANGE', log, '-', '(' .. ARGV[2] .. '-0', 'COUNT', ARGV[3])
if #entries == 0 then
    return 0
end
local size, ended = tonumber(was[2]), {}
for _, entry in ipairs(entries) do
    local fields = entry[2]
    size = size - #fields[8]
    local event = fields[10]
    if event then
        -- A later entry of the same event keeps its id known.
        local at = redis.call('HGET', events, event)
        if at and string.match(at, '^%d+') .. '-0' == entry[1] then
            redis.call('HDEL', events, event)
        end
    end
end
redis.call('XTRIM', log, 'MAXLEN', '=', redis.call('XLEN', log) - #entries)
redis.call('HSET', meta, 'size', string.format('%d', size))
return #entries
