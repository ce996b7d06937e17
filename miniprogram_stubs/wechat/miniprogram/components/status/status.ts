/** What a page shows while there is nothing else to show: loading, or the failure and a way to try again. */
Component({
  options: { styleIsolation: 'apply-shared' },
  properties: { state: String, failure: String },
  methods: {
    retry() {
      this.triggerEvent('retry')
    },
  },
})
