// What the model's engines have in common: which programs they run.
#include "engine/kernel/zap_engine.h"

#include <string>

#include <boost/test/unit_test.hpp>

#include "engine/zap/engines.h"
#include "test/programs.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(zap_engine)

BOOST_AUTO_TEST_CASE(what_is_not_modelled_is_refused_by_its_name) {
  ProgramBuilder builder;
  builder.operation(0, Call::store, 1, 0).suspend(3);
  BOOST_TEST(eager_dirty().refusal(builder.program()).empty());
  builder.operation(1, Call::fork, 1).operation(1, Call::mremap, 0, 1);
  BOOST_TEST(eager_dirty().refusal(builder.program()) == "it does not do fork yet");
  BOOST_TEST(!eager_dirty().does_every_operation());
}

BOOST_AUTO_TEST_CASE(each_operation_that_is_not_modelled_is_refused) {
  for (const OperationInfo& info : operation_table) {
    ProgramBuilder builder;
    builder.operation(0, info.call, 0, 1);
    BOOST_TEST(eager_dirty().refusal(builder.program()) ==
               (info.modelled ? "" : "it does not do " + std::string(info.name) + " yet"));
  }
}

BOOST_AUTO_TEST_CASE(an_adapted_program_is_without_it) {
  ProgramBuilder with;
  ProgramBuilder without;
  with.operation(0, Call::fork, 1).suspend(1);
  for (ProgramBuilder* const builder : {&with, &without}) builder->operation(0, Call::store, 1, 0).suspend(2);
  with.operation(1, Call::mremap, 0, 1).suspend(3).suspend(4);
  for (ProgramBuilder* const builder : {&with, &without}) builder->operation(2, Call::load, 1, 1).suspend(5).suspend(6);
  with.operation(2, Call::fork, 1);
  Program program = with.program();
  BOOST_TEST(eager_dirty().refuses_some());
  eager_dirty().adapt(program);
  BOOST_TEST((program == without.program()));
}

BOOST_AUTO_TEST_SUITE_END()
