wasm.sum:
	pushq	%rbp
	movq	%rsp, %rbp
	movl	%esi, %eax
	movzbl	slack_memory(%rax), %eax
	decl	%esi
	je	.LBB0_1
	movl	%esi, %ecx
	decq	%rcx
	addq	$11, %rdi
	movq	%rcx, %rdx
.LBB0_3:
	movq	%rdi, slack_safepoint(%rip)
	movzbl	slack_memory+1(%rcx), %esi
	addl	%esi, %eax
	decq	%rdx
	addq	$10, %rdi
	testl	%ecx, %ecx
	movq	%rdx, %rcx
	jne	.LBB0_3
	addq	$-10, %rdi
	jmp	.LBB0_5
.LBB0_1:
	incq	%rdi
.LBB0_5:
	addq	$11, %rdi
	movq	%rdi, %rdx
	popq	%rbp
	retq

wasm.endless:
	pushq	%rbp
	movq	%rsp, %rbp
	addq	$2, %rdi
.LBB1_1:
	movq	%rdi, slack_safepoint(%rip)
	incq	%rdi
	jmp	.LBB1_1

wasm.once:
	pushq	%rbp
	movq	%rsp, %rbp
	movl	%esi, %eax
	leaq	2(%rdi), %rdx
	popq	%rbp
	retq
