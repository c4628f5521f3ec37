-- Begins a life of a desk that was rebuilt from the history, or finds the place of what was rebuilt in the life there is.
--
-- KEYS  order, tail, due, beats
-- ARGV  shop, epoch, the rules it decides by, the last event of what was rebuilt (seq, event, command), when something is due or '',
--       when the beats lapse, now, most microseconds the caller's clock may be off or '', then a member for each agent who
--       is there
-- Gives 'installed'; or 'adopted', the life's epoch, the place found (number, command), the number up to which all is
-- stored and the entries after the place; or 'behind' and up to which number
-- all is stored, where that is beyond what was rebuilt.
local order, tail, due, beats = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local shop, epoch, rules = ARGV[1], ARGV[2], ARGV[3]
local seq, event, command = tonumber(ARGV[4]), ARGV[5], ARGV[6]
local at, lapses = ARGV[7], ARGV[8]
local FIRST_MEMBER, COMMAND = 11, 16

-- Beats that lapse by a wrong clock keep up whoever has gone, or log everybody off.
local skew = #ARGV >= FIRST_MEMBER and off(tonumber(ARGV[9]), tonumber(ARGV[10]))
if skew then return refusal(skew) end

local state = redis.pcall('HMGET', order, 'epoch', 'rules', 'number', 'stored', 'stored_command', 'seq', 'event',
  'first', 'command')

-- Whether an attempt's command stands at a place of the tail; none stands at its beginning.
local function stands(at, expected)
  if at == 0 then return true end
  local entry = redis.pcall('LINDEX', tail, at - 1)
  return type(entry) == 'string' and string.sub(entry, 1, COMMAND) == expected
end

-- Whether what is here fits together. Somebody may have changed it by hand.
local function is_sound()
  if state.err or not state[1] then return false end
  local number, stored, first = tonumber(state[3]), tonumber(state[4]), tonumber(state[8])
  if not (number and stored and first and tonumber(state[6])) then return false end
  if first > stored or stored > number then return false end
  return stands(stored - first, state[5]) and stands(number - first, state[9])
    and redis.pcall('LINDEX', tail, number - first) == false
end

if is_sound() and state[2] == rules then
  local number, stored = tonumber(state[3]), tonumber(state[4])
  local waiting = number > stored and redis.call('LRANGE', tail, stored - number, -1) or {}
  if state[7] == event then return {'adopted', state[1], stored, state[5], stored, waiting} end
  if seq < tonumber(state[6]) then return {'behind', tonumber(state[6])} end
  for place = 1, #waiting do
    if string.sub(waiting[place], 1, COMMAND) == command then
      local after = {}
      for next = place + 1, #waiting do after[#after + 1] = waiting[next] end
      return {'adopted', state[1], stored + place, command, stored, after}
    end
  end
end

-- Nothing is here, or what is here is damaged, was decided by other rules or on another past: the history has the last
-- word.
redis.call('DEL', order, tail)
redis.call('HSET', order, 'epoch', epoch, 'rules', rules, 'number', 0, 'command', '', 'first', 0,
  'first_command', '', 'stored', 0, 'stored_command', '', 'seq', seq, 'event', event)
for member = FIRST_MEMBER, #ARGV do redis.call('ZADD', beats, 'GT', lapses, ARGV[member]) end
if at == '' then redis.call('ZREM', due, shop) else redis.call('ZADD', due, at, shop) end
return {'installed'}
