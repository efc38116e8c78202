-- Keeps the bars of a minute, unless a later one's are kept, and lets go of the oldest minutes.
-- KEYS: meta, minutes, bars. ARGV: epoch, the minute, how many bars it counts for, how many bars are
-- kept in all, how many minutes go at once at the most, and the minute's parts.
-- Gives 1 where it keeps it, 0 where it need not, -1 where the log is another one.
local meta, minutes, bars = KEYS[1], KEYS[2], KEYS[3]
local epoch, minute, count, most, at_once = unpack(ARGV, 1, 5)
local parts = #ARGV - 5
if redis.call('HGET', meta, 'epoch') ~= epoch then
    return -1
end

local function number(id)
    return string.match(id, '^%d+')
end

local newest = redis.call('XREVRANGE', minutes, '+', '-', 'COUNT', 1)[1]
if newest and tonumber(number(newest[1])) >= tonumber(minute) then
    return 0
end
for part = 1, parts do
    redis.call('HSET', bars, minute .. ':' .. part - 1, ARGV[5 + part])
end
redis.call('XADD', minutes, minute .. '-0', 'c', count, 'p', parts)
local held = redis.call('HINCRBY', meta, 'bars', count)
for _, oldest in ipairs(redis.call('XRANGE', minutes, '-', '+', 'COUNT', at_once)) do
    if held <= tonumber(most) then
        break
    end
    local id, fields = oldest[1], oldest[2]
    for part = 1, tonumber(fields[4]) do
        redis.call('HDEL', bars, number(id) .. ':' .. part - 1)
    end
    redis.call('XDEL', minutes, id)
    held = redis.call('HINCRBY', meta, 'bars', -tonumber(fields[2]))
end
return 1
