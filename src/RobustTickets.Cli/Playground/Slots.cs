using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace RobustTickets.Cli.Playground;

/// <summary>Places for work that takes long; who finds none is told to come again.</summary>
/// <param name="count">Places.</param>
/// <param name="what">What takes them, in the plural.</param>
internal sealed class Slots(int count, string what)
{
    private int _taken;

    /// <summary>Places that are taken.</summary>
    public int Taken => Volatile.Read(ref _taken);

    /// <summary>Takes a place until it is disposed of.</summary>
    /// <exception cref="RefusedException">All are taken.</exception>
    public IDisposable Take()
    {
        if (Interlocked.Increment(ref _taken) <= count)
            return new Slot(this);
        Interlocked.Decrement(ref _taken);
        throw new RefusedException(
            StatusCodes.Status429TooManyRequests,
            string.Create(CultureInfo.InvariantCulture, $"{count} {what} run already; try again when one has ended")
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
