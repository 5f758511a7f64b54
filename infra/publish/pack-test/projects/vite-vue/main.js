import { createPaxyo } from '@paxyo/browser-client/vue'
import { createApp } from 'vue'
import App from './App.vue'

const getToken = async ({ signal }) => (await fetch('/realtime-token', { signal })).text()
createApp(App)
  .use(createPaxyo({ url: 'SOCKET_URL', getToken }))
  .mount('#root')
