using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace RobustTickets.Cli.Playground;

/// <summary>Limits concurrent long-running work; if full, clients are asked to retry.</summary>
/// <param name="count">Number of slots.</param>
/// <param name="what">Name of the work, plural.</param>
internal sealed class Slots(int count, string what)
{
    private int _taken;

    /// <summary>Number of slots in use.</summary>
    public int Taken => Volatile.Read(ref _taken);

    /// <summary>Takes a slot until it is disposed.</summary>
    /// <exception cref="RefusedException">All slots are in use.</exception>
    public IDisposable Take()
    {
        if (Interlocked.Increment(ref _taken) <= count)
            return new Slot(this);
        Interlocked.Decrement(ref _taken);
        throw new RefusedException(
            StatusCodes.Status429TooManyRequests,
            string.Create(CultureInfo.InvariantCulture, $"{count} {what} are running; try again when one finishes")
        )
        {
            RetryAfterSeconds = 5,
        };
    }

    private sealed class Slot(Slots slots) : IDisposable
    {
        private int _left;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _left, 1) == 0)
                Interlocked.Decrement(ref slots._taken);
        }
    }
}
