// Medians and tails of measured times, printed one line each.
#pragma once

#include <algorithm>
#include <cstdio>
#include <vector>

namespace slack::bench {

// `part` in [0, 1]; sorts a copy. 0 if there is nothing.
inline double quantile(std::vector<double> values, double part) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const auto at = static_cast<std::size_t>(part * static_cast<double>(values.size()));
  return values[std::min(at, values.size() - 1)];
}

inline void print_line(const char* name, const std::vector<double>& values, const char* unit) {
  std::printf("%-44s n=%-6zu p50 %9.2f  p99 %9.2f  max %9.2f %s\n", name, values.size(), quantile(values, 0.5),
              quantile(values, 0.99), quantile(values, 1), unit);
}

}  // namespace slack::bench
