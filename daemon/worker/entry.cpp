// The switch between the worker's own stack and the module's, in assembly: no setjmp, so it can be left from a signal
// frame too.
#include "daemon/worker/entry.hpp"

// System V x86-64: rdi thunk, rsi fuel, rdx values, rcx stack top; rax:rdx is EntryResult. Callee-saved registers are
// pushed on the worker's stack and its pointer kept aside; frame pointer 0 ends backtraces.
asm(R"(
  .pushsection .text.slack_entry, "ax", @progbits
  .p2align 4
  .globl slack_enter
  .hidden slack_enter
  .type slack_enter, @function
slack_enter:
  .cfi_startproc
  endbr64
  pushq %rbp
  .cfi_adjust_cfa_offset 8
  .cfi_offset %rbp, -16
  movq %rsp, %rbp
  .cfi_def_cfa_register %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, slack_host_stack(%rip)
  movq %rdi, %rax
  movq %rsi, %rdi
  movq %rdx, %rsi
  movq %rcx, %rsp
  xorl %ebp, %ebp
  callq *%rax
  xorl %edx, %edx
.Lslack_return:
  movq slack_host_stack(%rip), %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  retq
  .cfi_endproc
  .size slack_enter, . - slack_enter

  .p2align 4
  .globl slack_leave
  .hidden slack_leave
  .type slack_leave, @function
slack_leave:
  endbr64
  cld
  xorl %eax, %eax
  movl $1, %edx
  jmp .Lslack_return
  .size slack_leave, . - slack_leave
  .popsection

  .pushsection .bss.slack_entry, "aw", @nobits
  .p2align 3
  .local slack_host_stack
  .type slack_host_stack, @object
  .size slack_host_stack, 8
slack_host_stack:
  .zero 8
  .popsection
)");
