// Looks for slackd's programs in the places where a build or an installation puts them.
#include "daemon/base/install_paths.hpp"

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <vector>

namespace slack {
namespace {

struct Row {
  std::string_view name;
  std::array<std::string_view, 2> build_folders;  // relative to the root of a build tree
};
constexpr std::array kRows{
    Row{"slackd", {"daemon/bus", ""}},
    Row{"slack-worker", {"daemon/worker", ""}},
    Row{"slack-compile", {"jit/llvm", "jit"}},
};
const Row& row_of(Program program) { return kRows.at(static_cast<std::size_t>(program)); }

// Meson's own file at the root of every build tree.
constexpr std::string_view kBuildTreeMark = "meson-private/coredata.dat";
// Programs lie at most this deep below the root (tests/unit/AREA/NAME).
constexpr int kBuildTreeDepth = 4;

std::vector<std::string> candidates(const Row& row, const std::string& running_program,
                                    const std::function<bool(const std::string&)>& exists) {
  namespace fs = std::filesystem;
  std::vector<std::string> paths;
  if (const fs::path folder = fs::path(running_program).parent_path(); !folder.empty()) {
    paths.push_back(folder / row.name);
    fs::path root = folder;
    for (int level = 0; level <= kBuildTreeDepth && root.has_relative_path(); ++level, root = root.parent_path()) {
      if (!exists(root / kBuildTreeMark)) continue;
      for (std::string_view place : row.build_folders)
        if (!place.empty()) paths.push_back(root / place / row.name);
      break;
    }
  }
  paths.push_back(fs::path(SLACK_LIBEXECDIR) / row.name);
  return paths;
}

}  // namespace

std::string_view file_name_of(Program program) { return row_of(program).name; }

Expected<std::string> find_program(Program program, const std::string& override_directory,
                                   const std::string& running_program,
                                   const std::function<bool(const std::string&)>& exists) {
  const Row& row = row_of(program);
  std::vector<std::string> paths;
  if (override_directory.empty())
    paths = candidates(row, running_program, exists);
  else
    paths.push_back(std::filesystem::path(override_directory) / row.name);

  std::string looked;
  for (auto& path : paths) {
    if (exists(path)) return std::move(path);
    looked += looked.empty() ? path : ", " + path;
  }
  return fail(Fault{ENOENT, "program " + std::string(row.name) + " not found (looked for " + looked +
                                "); install slackd or set SLACKD_LIBEXECDIR"});
}

Expected<std::string> find_program(Program program) {
  const char* directory = std::getenv("SLACKD_LIBEXECDIR");
  std::error_code ignored;  // without /proc the compiled-in folder is left
  const std::string self = std::filesystem::read_symlink("/proc/self/exe", ignored);
  return find_program(program, directory == nullptr ? "" : directory, self,
                      [](const std::string& path) { return ::access(path.c_str(), F_OK) == 0; });
}

}  // namespace slack
