// Owns: what pages know of the application that asked.
#pragma once
#include <string>

namespace server::page {

// What each page knows about the application that asked.
struct ApplicationView {
  std::string name;         // never empty: the client_name, or the client_id
  std::string host;         // where the person will land: host of the redirect URI, may be empty
  std::string policy_uri;   // https, or empty
  std::string tos_uri;      // https, or empty
  std::string logo;         // a path of ours that serves the logo, or empty
  bool unverified = false;  // registered itself, and nobody here vouched for it
};

}  // namespace server::page
