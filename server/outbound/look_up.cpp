#include "server/outbound/look_up.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <sys/socket.h>

#include <memory>

#include "server/runtime/pool.h"

namespace server::outbound {

std::vector<std::string> look_up(const std::string& name) {
  runtime::assert_not_io_thread();
  // The resolver's patience is a state of the thread. It is read anew each time, because glibc no
  // longer follows changes of resolv.conf once a program has set something.
  if (::res_init() == 0) {
    _res.retrans = 1;
    _res.retry = 2;
  }
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (::getaddrinfo(name.c_str(), nullptr, &hints, &list) != 0) return {};
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(list, &::freeaddrinfo);
  std::vector<std::string> addresses;
  for (const addrinfo* entry = list; entry; entry = entry->ai_next) {
    char text[INET6_ADDRSTRLEN] = "";
    const void* bytes = nullptr;
    if (entry->ai_family == AF_INET) {
      bytes = &reinterpret_cast<const sockaddr_in*>(entry->ai_addr)->sin_addr;
    } else if (entry->ai_family == AF_INET6) {
      bytes = &reinterpret_cast<const sockaddr_in6*>(entry->ai_addr)->sin6_addr;
    }
    if (bytes && ::inet_ntop(entry->ai_family, bytes, text, sizeof text)) {
      addresses.emplace_back(text);
    }
  }
  return addresses;
}

}  // namespace server::outbound
