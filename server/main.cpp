#include "server/app/run.h"

int main(int argc, char** argv) {
  return server::app::run(argc, argv);
}
