// LoadedBuilds: which builds of the program and its libraries this process consists of.
#pragma once

#include <string>

namespace slack::sandbox {

// The build ids of all that the dynamic linker has loaded, the program's first, one after another (binary). For what
// has none, what the file system tells of the file stands in. The same text: the same code.
[[nodiscard]] std::string loaded_builds();

}  // namespace slack::sandbox
