// Owns: one view of each kind for the page tests: as people meet them, empty, long, and hostile.
#pragma once
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "server/page/page.h"

namespace page_samples {

using server::page::Pages;

struct Sample {
  std::string name;
  std::function<server::http::Response(const Pages&)> render;
};

// Every page with `value` in every field that can hold outside text, in each of its variants.
std::vector<Sample> filled_with(const std::string& value);

// Every page and variant with values as they occur.
std::vector<Sample> ordinary(const server::page::Look& look = {});

// The same for the pages of mailed links and of people's accounts; part of the above.
std::vector<Sample> ordinary_people(const server::page::Look& look);
std::vector<Sample> people_filled_with(const server::page::Look& look, const std::string& value);

}  // namespace page_samples
