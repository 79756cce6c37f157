/** A notification of S3 about one object, as its sender writes it; the same creation unless the sequencer is another. */
export function objectNotice(bucket: string, key: string, facts: { size?: number; sequencer?: string } = {}) {
  const object = { key: encodeURIComponent(key).replaceAll('%20', '+'), size: 1, ...facts }
  return {
    Records: [
      {
        eventName: 'ObjectCreated:Put',
        eventSource: 'aws:s3',
        eventTime: new Date().toISOString(),
        s3: { bucket: { name: bucket }, object },
      },
    ],
  }
}
