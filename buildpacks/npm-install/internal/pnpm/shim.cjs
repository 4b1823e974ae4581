// pnpm before 10.14 has no flag for another processor than Node.js's own. Its only
// source is process.arch; this makes it the target's, and nothing else.
const arch = process.env.ARMATURE_TARGET_ARCH
if (arch) Object.defineProperty(process, 'arch', { value: arch })
