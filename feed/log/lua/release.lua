-- Gives the right to run the sources back, where one has it. KEYS: lease, meta.
-- ARGV: the term, one that was maybe given ("": none), who has it.
local held, holder = redis.call('GET', KEYS[1]), ' ' .. ARGV[3]
if held == ARGV[1] .. holder or held == ARGV[2] .. holder then
    redis.call('DEL', KEYS[1])
    redis.call('HDEL', KEYS[2], 'term')
end
