// Live-tensor counts and libtorch's thread pool belong to the whole process: test classes run one
// after another.
[assembly: Xunit.CollectionBehavior(DisableTestParallelization = true)]
