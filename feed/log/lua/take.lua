-- Takes or renews the right to run the sources. KEYS: lease, meta.
-- ARGV: the term that one has ("": none), one for the case that it begins now, who asks, ms.
-- Gives the term held, or "" where another holds it.
local lease, meta = KEYS[1], KEYS[2]
local term, fresh, holder, life_ms = unpack(ARGV)
local held = redis.call('GET', lease)
if not held then
    redis.call('SET', lease, fresh .. ' ' .. holder, 'PX', life_ms)
    redis.call('HSET', meta, 'term', fresh)
    return fresh
elseif held == term .. ' ' .. holder then
    redis.call('PEXPIRE', lease, life_ms)
    return term
end
return ''
