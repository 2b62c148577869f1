wasm.rounds:
	pushq	%rbp
	movq	%rsp, %rbp
	pushq	%rbx
	movl	slack_memory(%rip), %r8d
	movl	slack_memory+4(%rip), %esi
	movl	slack_memory+8(%rip), %edx
	movl	slack_memory+12(%rip), %eax
	movl	slack_memory+16(%rip), %ebx
	movl	slack_memory+20(%rip), %r11d
	movl	slack_memory+24(%rip), %r10d
	movl	slack_memory+28(%rip), %r9d
.LBB0_1:
	addl	%ebx, %r8d
	xorl	%r8d, %ebx
	rorxl	$16, %ebx, %ebx
	addl	%r11d, %esi
	xorl	%esi, %r11d
	rorxl	$16, %r11d, %r11d
	addl	%r10d, %edx
	xorl	%edx, %r10d
	rorxl	$16, %r10d, %r10d
	addl	%r9d, %eax
	xorl	%eax, %r9d
	rorxl	$16, %r9d, %r9d
	addl	%ebx, %r8d
	xorl	%r8d, %ebx
	rorxl	$20, %ebx, %ebx
	addl	%r11d, %esi
	xorl	%esi, %r11d
	rorxl	$20, %r11d, %r11d
	addl	%r10d, %edx
	xorl	%edx, %r10d
	rorxl	$20, %r10d, %r10d
	addl	%r9d, %eax
	xorl	%eax, %r9d
	rorxl	$20, %r9d, %r9d
	addl	%ebx, %r8d
	xorl	%r8d, %ebx
	rorxl	$24, %ebx, %ebx
	addl	%r11d, %esi
	xorl	%esi, %r11d
	rorxl	$24, %r11d, %r11d
	addl	%r10d, %edx
	xorl	%edx, %r10d
	rorxl	$24, %r10d, %r10d
	addl	%r9d, %eax
	xorl	%eax, %r9d
	rorxl	$24, %r9d, %r9d
	addl	%ebx, %r8d
	xorl	%r8d, %ebx
	rorxl	$25, %ebx, %ebx
	addl	%r11d, %esi
	xorl	%esi, %r11d
	rorxl	$25, %r11d, %r11d
	addl	%r10d, %edx
	xorl	%edx, %r10d
	rorxl	$25, %r10d, %r10d
	addl	%r9d, %eax
	xorl	%eax, %r9d
	rorxl	$25, %r9d, %r9d
	movq	%rcx, slack_safepoint(%rip)
	addq	$165, %rcx
	decl	%edi
	jne	.LBB0_1
	addq	$49, %rcx
	movl	%r8d, slack_memory(%rip)
	movl	%esi, slack_memory+4(%rip)
	movl	%edx, slack_memory+8(%rip)
	movl	%eax, slack_memory+12(%rip)
	movl	%ebx, slack_memory+16(%rip)
	movl	%r11d, slack_memory+20(%rip)
	movl	%r10d, slack_memory+24(%rip)
	movl	%r9d, slack_memory+28(%rip)
	popq	%rbx
	popq	%rbp
	retq
