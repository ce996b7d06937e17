/** What everybody should know, above every page: that this is a demonstration, and what does not run as usual. */
Component({
  options: { styleIsolation: 'apply-shared' },
  properties: { demonstration: Boolean, trouble: String },
})
