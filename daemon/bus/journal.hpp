// Journal: what slackd tells the administrator.
#pragma once

#include <string>

#include "daemon/run/run.hpp"

namespace slack::bus {

class Journal {
 public:
  enum class Where { journal, standard_error, nowhere };
  explicit Journal(Where where) : where_(where) {}
  // The journal where there is one, for a service; standard error else.
  [[nodiscard]] static Where for_service();

  void notice(const std::string& line) const;
  // The one entry of a run, at its end, with structured fields SLACKD_*.
  void run_ended(const run::Run& run) const;

 private:
  Where where_;
};

}  // namespace slack::bus
