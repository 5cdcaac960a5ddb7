// What an operation works on, in every form that it has: one class for each kind
// of operand, which knows all about that kind.
//
// In bytes an operand is one argument or several of its operation's record. Every
// byte is a value: what is too large for the machine wraps around. The steps of an
// exception, which all exceptions have, are written likewise.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "engine/program/program.h"
#include "engine/sched/random.h"
#include "fuzz/language/reader.h"

namespace shootdown {

class OperandForm {
 public:
  constexpr explicit OperandForm(std::size_t arguments) : arguments_(arguments) {}
  OperandForm(const OperandForm&) = delete;
  OperandForm& operator=(const OperandForm&) = delete;

  // How many arguments it takes, from 1.
  std::size_t arguments() const { return arguments_; }
  // Whether there is any such operand on the machine.
  virtual bool exists_on(const MachineConfig& /*machine*/) const { return true; }

  virtual Operand decode(const std::uint8_t* arguments, const MachineConfig& machine) const = 0;
  virtual void encode(const Operand& operand, const MachineConfig& machine, std::uint8_t* arguments) const = 0;

  // In texts. What is read exists on the machine and can be encoded.
  virtual Operand parse(Reader& reader, const MachineConfig& machine) const = 0;
  virtual std::string print(const Operand& operand, const MachineConfig& machine) const = 0;

  // Changes the operand as somebody would who looks for a race; it may come out as it was.
  virtual void mutate(std::uint8_t* arguments, SplitMix64& random) const = 0;

 protected:
  ~OperandForm() = default;

 private:
  std::size_t arguments_;
};

const OperandForm& form_of(OperandKind kind);

// The steps of an exception, from one argument that knows what is interesting, and two that add to it: all of them
// together reach max_after, where it ends.
std::uint16_t decode_steps(std::uint8_t near, std::uint8_t low, std::uint8_t high);
void encode_steps(unsigned steps, std::uint8_t& near, std::uint8_t& low, std::uint8_t& high);

// A few more or fewer, or now and then any other value.
void mutate_byte(std::uint8_t& byte, SplitMix64& random);

}  // namespace shootdown
