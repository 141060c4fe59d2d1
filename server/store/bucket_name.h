// Owns: what a throttle bucket is called: what is counted, and for whom as a keyed digest, so that
// the table of counters tells no addresses.
#pragma once
#include <string>
#include <string_view>

namespace server::store {

// "KIND:DIGEST". `key` is the purpose key "throttle"; `kind` a fixed word; `value` whatever the
// counter belongs to, of any length. One value has unrelated names in two kinds.
std::string bucket_name(std::string_view key, std::string_view kind, std::string_view value);

}  // namespace server::store
