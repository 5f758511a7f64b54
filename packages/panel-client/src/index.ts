export { idSchema, registrationSchema, type RegistrationBody } from './registration.ts'
