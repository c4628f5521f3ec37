-- Notes up to where a desk's order is stored, and, when nothing has happened since, what follows from all of it.
--
-- KEYS  order, tail, due, beats
-- ARGV  shop, epoch, the place that is stored (number, command), its last event (seq, event), how many stored entries
--       are kept for callers who missed some, when something is due next or '', then a member for each beat that is
--       not waited for any more
-- Gives 'ok'; or 'other_epoch', or 'forked' where another command stands there.
local order, tail, due, beats = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local shop, epoch, place, command = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
local seq, event, kept, at = ARGV[5], ARGV[6], tonumber(ARGV[7]), ARGV[8]
local FIRST_MEMBER, COMMAND = 9, 16

local state = redis.pcall('HMGET', order, 'epoch', 'number', 'first', 'stored')
if state.err or state[1] ~= epoch then return 'other_epoch' end
local number, first, stored = tonumber(state[2]), tonumber(state[3]), tonumber(state[4])
if not (number and first and stored) then return 'forked' end
if place > number then return 'forked' end
if place > stored then
  local entry = redis.pcall('LINDEX', tail, place - first - 1)
  if type(entry) ~= 'string' or string.sub(entry, 1, COMMAND) ~= command then return 'forked' end
  redis.call('HSET', order, 'stored', place, 'stored_command', command, 'seq', seq, 'event', event)
  -- Trimmed by halves, so that few confirmations pay for it.
  if place - first > 2 * kept then
    local drop = place - first - kept
    local last = redis.call('LINDEX', tail, drop - 1)
    redis.call('LTRIM', tail, drop, -1)
    redis.call('HSET', order, 'first', first + drop, 'first_command', string.sub(last, 1, COMMAND))
  end
end
if place == number then
  if at == '' then redis.call('ZREM', due, shop) else redis.call('ZADD', due, at, shop) end
  for member = FIRST_MEMBER, #ARGV do redis.call('ZREM', beats, ARGV[member]) end
end
return 'ok'
