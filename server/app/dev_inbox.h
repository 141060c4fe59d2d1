// Owns: the inbox of `latchkey dev`: every mail that would be sent, kept in memory, and its pages
// (/dev/inbox, and /dev/inbox.json for tests). Never part of `latchkey serve`: whoever reads a
// person's mail can sign in as them.
#pragma once
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "oidc/base/time.h"
#include "server/http/router.h"
#include "server/mail/carrier.h"

namespace server::app {

class DevInbox {
 public:
  struct Entry {
    std::int64_t id = 0;
    oidc::TimePoint at{};
    mail::Message message;
  };

  // The newest two hundred are kept.
  void put(Entry entry);
  std::vector<Entry> list() const;  // newest first
  std::optional<Entry> find(std::int64_t id) const;

 private:
  mutable std::mutex mutex_;
  std::deque<Entry> entries_;
};

// Puts all mail there. `inbox` lives on with it.
std::unique_ptr<mail::Carrier> make_dev_carrier(std::shared_ptr<DevInbox> inbox);
void add_dev_inbox_routes(http::Router& router, const std::shared_ptr<const DevInbox>& inbox);

}  // namespace server::app
