// Looks options up in the table of run_option.def.
#include "client/request.hpp"

#include "daemon/wire/run_options.hpp"

namespace slack::client {

std::string_view name_of(Option option) { return run_option_table()[static_cast<std::size_t>(option)].name; }
std::string_view signature_of(Option option) { return run_option_table()[static_cast<std::size_t>(option)].type; }

}  // namespace slack::client
