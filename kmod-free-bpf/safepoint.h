/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The record that the BPF program and its loader share: the registers of a thread parked at the safepoint page. */
#ifndef SLACK_SAFEPOINT_H
#define SLACK_SAFEPOINT_H

/* address_map::kSafepoint; the loader asserts that they are equal. */
#define SLACK_SAFEPOINT_PAGE 0x200000

/* Runs watched at a time. 1,024 records are 160 KiB of kernel memory; a run beyond them goes without a record. */
#define SLACK_SAFEPOINT_SLOTS 1024

/* x86-64's encoding of the general registers: rax rcx rdx rbx rsp rbp rsi rdi r8 ... r15. */
#define SLACK_GENERAL_REGISTERS 16

/* Which slot a watched thread writes to. The generation tells two users of one slot apart. */
struct slack_slot {
  unsigned int index;
  unsigned int generation;
};

/* `sequence` is odd while the program writes and grows by two with every record. */
struct slack_safepoint_record {
  unsigned long long sequence;
  unsigned int generation;
  unsigned int error_code; /* of the page fault: bit 1 is set for a write */
  unsigned long long ip;
  unsigned long long registers[SLACK_GENERAL_REGISTERS];
};

#endif
