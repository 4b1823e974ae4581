export default defineNitroConfig({ compatibilityDate: '2025-10-01' })
