return Promise.resolve(2).then((n) => n * 3).then((n) => { throw new Error(`no ${n}`); }).catch((e) => e.message).finally(() => console.log("end"));
