-- Gives the right to run the sources back, where one has it. KEYS: lease, meta.
-- ARGV: the term, who has it.
if redis.call('GET', KEYS[1]) == ARGV[1] .. ' ' .. ARGV[2] then
    redis.call('DEL', KEYS[1])
    redis.call('HDEL', KEYS[2], 'term')
end
