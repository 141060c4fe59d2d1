// Owns: the command line as a whole: argv -> settings -> command -> exit code.
#pragma once

namespace server::app {
// 0: done. 1: refused, with one sentence on standard error. 2: wrong usage.
int run(int argc, char** argv);
}  // namespace server::app
