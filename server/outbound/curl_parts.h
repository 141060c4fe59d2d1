// Owns: libcurl's handles and lists, so that each is freed on every way out. What they are set to
// is their users' matter.
#pragma once
#include <curl/curl.h>

#include <memory>
#include <new>
#include <string>

namespace server::outbound {

struct CurlFree {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
// Its callbacks may still run while it is freed: it goes behind whatever they use.
using CurlHandle = std::unique_ptr<CURL, CurlFree>;
using CurlList = std::unique_ptr<curl_slist, CurlFree>;

inline void append(CurlList& list, const std::string& text) {
  curl_slist* longer = curl_slist_append(list.get(), text.c_str());
  if (!longer) throw std::bad_alloc();
  // The head of a list that was empty; else the same as before.
  if (!list) list.reset(longer);
}

}  // namespace server::outbound
