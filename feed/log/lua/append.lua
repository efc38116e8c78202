-- Appends batches, each all or nothing, in order. `feed/log/redis.py` explains the keys.
--
-- KEYS: log, meta, items, versions, events, notes, last call of this writer, then an answer a batch
--       key.
-- ARGV: epoch, the newest offset that the writer has seen and the call that appended it, its name,
--       its call's number, how long the call and an answer are kept (ms), how many notes
--       are, the batches as MessagePack, and the values, of any bytes, that these name by place.
-- Gives {"ok", head, its call, outcome…}; {"replaced"} where this is not the log that the writer
-- knows; an error where the call was overtaken by a later one: it reached the server twice.
local log, meta, items, versions, events, notes, calls = unpack(KEYS, 1, 7)
local epoch, seen, seen_call, call = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[5])
local by = ARGV[4] .. '-' .. ARGV[5]
local call_life_ms, answer_life_ms, most_notes = ARGV[6], ARGV[7], ARGV[8]

local was = redis.call('HMGET', meta, 'epoch', 'head', 'at', 'size', 'term', 'call')
if was[1] ~= epoch then
    return {'replaced'}
end
local before, at, size, term = tonumber(was[2]), tonumber(was[3]), tonumber(was[4]), was[5]
local head = before
local there = redis.call('XRANGE', log, seen .. '-0', seen .. '-0')[1]  -- or it was trimmed
if head < tonumber(seen) or (there and there[2][4] ~= seen_call) then
    return {'replaced'}
end

local last = redis.call('GET', calls)
if last then
    last = cmsgpack.unpack(last)
    if last[1] == call then
        return last[2]
    elseif last[1] > call then
        return redis.error_reply('LATE a later call of this writer was answered')
    end
end

local function key_of(answer)
    return KEYS[7 + answer]
end

local function value(place)
    return ARGV[9 + place]
end

-- The state that the batches so far leave; what is not in here is as the keys say.
local version_of, event_at = {}, {}
local changed, stored, told = {}, {}, {}

local function version(topic)
    local v = version_of[topic]
    if v == nil then
        v = tonumber(redis.call('HGET', versions, topic) or 0)
        version_of[topic] = v
    end
    return v
end

local function holds(event)
    local found = event_at[event]
    if found == nil then
        found = redis.call('HEXISTS', events, event) == 1
        event_at[event] = found
    end
    return found
end

-- The rules of `feed.log.base.check`: nil, or what is wrong.
local function refused(records)
    local newer, happened = {}, {}
    for index, record in ipairs(records) do
        local topic, v, is_change, event, op = unpack(record, 1, 5)
        local before = newer[topic] or version(topic)
        if v ~= before + (is_change and 1 or 0) then
            return {'conflict', topic, before}
        end
        newer[topic] = v
        if event ~= '' then
            local is_there = happened[event] or holds(event)
            if op == 'add' and is_there then
                return {'event_exists', index - 1}
            elseif op ~= 'add' and not is_there then
                return {'event_unknown', index - 1}
            end
            happened[event] = true
        end
    end
end

local function append(records, at_ms)
    at = math.max(at, at_ms)
    local at_text = string.format('%d', at)
    for _, record in ipairs(records) do
        local topic, v, is_change, event, kind = record[1], record[2], record[3], record[4], record[6]
        local body = value(record[7])
        head = head + 1
        local id = string.format('%d-0', head)
        if event == '' then
            redis.call('XADD', log, id, 'e', epoch, 'c', by, 'a', at_text, 'b', body)
        else
            redis.call('XADD', log, id, 'e', epoch, 'c', by, 'a', at_text, 'b', body, 'n', event)
            event_at[event] = true
            told[event] = string.format('%d ', head) .. (kind or '')
        end
        if is_change then
            version_of[topic] = v
            changed[topic] = string.format('%d', v)
            stored[topic] = body
        end
        size = size + #body
    end
end

local function outcome(batch, appended)
    local batch_term, at_ms, answer, digest_at, is_dry, records, note, on = unpack(batch)
    if answer > 0 then
        local kept = redis.call('GET', key_of(answer))
        if kept then
            kept = cmsgpack.unpack(kept)
            if kept[1] ~= value(digest_at) then
                return {'key_reused'}
            end
            return {'duplicate', kept[2], kept[3]}
        end
    end
    if batch_term ~= '' and batch_term ~= term then
        return {'fenced'}
    end
    for _, place in ipairs(on) do  -- 0: of an earlier call, which did not append it
        if not appended[place] then
            return {'unfounded'}
        end
    end
    local wrong = refused(records)
    if wrong then
        return wrong
    end
    local is_claim = answer > 0 and value(digest_at + 1) ~= ''
    if is_dry or (#records == 0 and not is_claim) then
        return {'appended', head, ''}
    end
    append(records, at_ms)
    if note > 0 then
        redis.call('XADD', notes, 'MAXLEN', '~', most_notes, string.format('%d-0', head),
            'a', string.format('%d', at), 'b', value(note))
    end
    if answer == 0 then
        return {'appended', head, ''}
    end
    local answered = value(digest_at + 1)
    local kept = cmsgpack.pack({value(digest_at), head, answered})
    redis.call('SET', key_of(answer), kept, 'PX', answer_life_ms)
    return {'appended', head, answered}
end

-- HSET in parts: what Lua can hand to one call is bounded.
local function set_all(key, values)
    local part = {}
    for field, value in pairs(values) do
        part[#part + 1] = field
        part[#part + 1] = value
        if #part == 1000 then
            redis.call('HSET', key, unpack(part))
            part = {}
        end
    end
    if #part > 0 then
        redis.call('HSET', key, unpack(part))
    end
end

local outcomes, appended = {'ok', head, was[6]}, {}
for place, batch in ipairs(cmsgpack.unpack(ARGV[9])) do
    local told = outcome(batch, appended)
    outcomes[#outcomes + 1] = told
    appended[place] = told[1] == 'appended' and not batch[5]
end
set_all(versions, changed)
set_all(items, stored)
set_all(events, told)
if head > before then
    outcomes[2], outcomes[3] = head, by
    redis.call('HSET', meta, 'head', string.format('%d', head), 'call', by,
        'at', string.format('%d', at), 'size', string.format('%d', size))
end
redis.call('SET', calls, cmsgpack.pack({call, outcomes}), 'PX', call_life_ms)
return outcomes
