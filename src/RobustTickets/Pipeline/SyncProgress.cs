namespace RobustTickets.Pipeline;

/// <summary>
/// Forwards progress synchronously; <see cref="Progress{T}"/> would report from other threads, out
/// of order.
/// </summary>
internal sealed class SyncProgress<T>(Action<T> action) : IProgress<T>
{
    public void Report(T value) => action(value);
}
