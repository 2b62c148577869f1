wasm.load:
	pushq	%rbp
	movq	%rsp, %rbp
	leaq	3(%rdi), %rdx
	movl	%esi, %eax
	movl	slack_memory+12(%rax), %eax
	popq	%rbp
	retq

wasm.load_far:
	pushq	%rbp
	movq	%rsp, %rbp
	leaq	3(%rdi), %rdx
	movl	%esi, %eax
	movl	$2147483648, %ecx
	movq	slack_memory(%rax,%rcx), %rax
	popq	%rbp
	retq

wasm.load_byte:
	pushq	%rbp
	movq	%rsp, %rbp
	leaq	5(%rdi), %rdx
	addl	$4, %esi
	movsbl	slack_memory(%rsi), %eax
	popq	%rbp
	retq

wasm.store:
	pushq	%rbp
	movq	%rsp, %rbp
	leaq	4(%rdi), %rax
	movl	%esi, %ecx
	movsd	%xmm0, slack_memory+8(%rcx)
	popq	%rbp
	retq

wasm.unused:
	pushq	%rbp
	movq	%rsp, %rbp
	leaq	3(%rdi), %rax
	movl	%esi, %ecx
	movl	slack_memory(%rcx), %ecx
	popq	%rbp
	retq
