/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Records the registers of a watched thread that faults on the safepoint page; runs in every user page fault. */
#include <linux/bpf.h>
#include <linux/types.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "kmod-free-bpf/safepoint.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Of the kernel's struct only what is read here, by name: CO-RE finds the offsets in the running kernel's BTF, so that
 * no header of the build machine's kernel is needed. */
struct pt_regs {
  unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, ip, sp;
} __attribute__((preserve_access_index));

struct task_struct;

/* Keyed by pidfd from user space; freed by the kernel with the task, whoever forgets it. */
struct {
  __uint(type, BPF_MAP_TYPE_TASK_STORAGE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, int);
  __type(value, struct slack_slot);
} watched SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, SLACK_SAFEPOINT_SLOTS);
  __type(key, __u32);
  __type(value, struct slack_safepoint_record);
} records SEC(".maps");

/* asm/trap_pf.h, an ABI of the processor: the fault was a write. */
#define FAULT_WAS_WRITE 0x2
#define PAGE_MASK_4K (~4095ull)

/* TP_PROTO(unsigned long address, struct pt_regs *regs, unsigned long error_code), arch/x86 asm/trace/exceptions.h.
 * The first comparison ends it for every fault that is not ours. Only writes count: a worker that jumps to the page
 * faults on execution as often as it likes and must not touch its record. */
SEC("raw_tp/page_fault_user")
int on_page_fault(struct bpf_raw_tracepoint_args* ctx) {
  if ((ctx->args[0] & PAGE_MASK_4K) != SLACK_SAFEPOINT_PAGE) return 0;
  if (!(ctx->args[2] & FAULT_WAS_WRITE)) return 0;

  struct task_struct* task = (struct task_struct*)bpf_get_current_task_btf();
  struct slack_slot* slot = bpf_task_storage_get(&watched, task, 0, 0);
  if (!slot) return 0;
  __u32 index = slot->index;
  struct slack_safepoint_record* record = bpf_map_lookup_elem(&records, &index);
  if (!record) return 0;

  struct pt_regs* regs = (struct pt_regs*)ctx->args[1];
  __sync_fetch_and_add(&record->sequence, 1);
  record->generation = slot->generation;
  record->error_code = ctx->args[2];
  record->ip = BPF_CORE_READ(regs, ip);
  record->registers[0] = BPF_CORE_READ(regs, ax);
  record->registers[1] = BPF_CORE_READ(regs, cx);
  record->registers[2] = BPF_CORE_READ(regs, dx);
  record->registers[3] = BPF_CORE_READ(regs, bx);
  record->registers[4] = BPF_CORE_READ(regs, sp);
  record->registers[5] = BPF_CORE_READ(regs, bp);
  record->registers[6] = BPF_CORE_READ(regs, si);
  record->registers[7] = BPF_CORE_READ(regs, di);
  record->registers[8] = BPF_CORE_READ(regs, r8);
  record->registers[9] = BPF_CORE_READ(regs, r9);
  record->registers[10] = BPF_CORE_READ(regs, r10);
  record->registers[11] = BPF_CORE_READ(regs, r11);
  record->registers[12] = BPF_CORE_READ(regs, r12);
  record->registers[13] = BPF_CORE_READ(regs, r13);
  record->registers[14] = BPF_CORE_READ(regs, r14);
  record->registers[15] = BPF_CORE_READ(regs, r15);
  __sync_fetch_and_add(&record->sequence, 1);
  return 0;
}
