-- Takes or renews the right to run the sources. KEYS: lease, meta.
-- ARGV: epoch, the term that one has ("": none), one for the case that it begins now, who asks, ms.
-- Gives the term held, or "" where another holds it; nothing where the log is another one.
-- Who got no answer asks with the same again.
local lease, meta = KEYS[1], KEYS[2]
local epoch, term, fresh, holder, life_ms = unpack(ARGV)
if redis.call('HGET', meta, 'epoch') ~= epoch then
    return nil
end
local held = redis.call('GET', lease)
if not held then
    redis.call('SET', lease, fresh .. ' ' .. holder, 'PX', life_ms)
    redis.call('HSET', meta, 'term', fresh)
    return fresh
end
for _, ours in ipairs({term, fresh}) do
    if held == ours .. ' ' .. holder then
        redis.call('PEXPIRE', lease, life_ms)
        return ours
    end
end
return ''
