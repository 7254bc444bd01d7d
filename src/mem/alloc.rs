//! What lives on the heap, with no memory being an error like any other: a handle, what two handles
//! share, and a list of a length that only the caller knows.

use core::cell::Cell;
use core::ops::{Deref, DerefMut};
use core::ptr::{self, NonNull};
use core::slice;

/// Room for `count` values, not written yet. None: there is no memory, or the values would not be
/// aligned as malloc(3) aligns.
fn alloc<T>(count: usize) -> Option<NonNull<T>> {
    let bytes = size_of::<T>().checked_mul(count)?.max(1);
    if align_of::<T>() > align_of::<u64>() {
        return None;
    }
    // SAFETY: a number; what it returns is ours, or null.
    NonNull::new(unsafe { libc::malloc(bytes) }.cast())
}

/// One value, owned. C holds it as a pointer.
pub(crate) struct TryBox<T>(NonNull<T>);

impl<T> TryBox<T> {
    pub(crate) fn new(value: T) -> Option<TryBox<T>> {
        let room = alloc::<T>(1)?;
        // SAFETY: there is room for one value, which has none yet.
        unsafe { room.write(value) };
        Some(TryBox(room))
    }

    /// For C, which gives it back to `from_raw` once.
    pub(crate) fn into_raw(self) -> *mut T {
        let raw = self.0.as_ptr();
        core::mem::forget(self);
        raw
    }

    /// What `into_raw` gave; None for null.
    ///
    /// # Safety
    ///
    /// It is null, or came from `into_raw` and is not used any more.
    pub(crate) unsafe fn from_raw(raw: *mut T) -> Option<TryBox<T>> {
        NonNull::new(raw).map(TryBox)
    }
}

impl<T> Drop for TryBox<T> {
    fn drop(&mut self) {
        // SAFETY: the value is ours, was written by `new`, and is not used any more.
        unsafe { ptr::drop_in_place(self.0.as_ptr()) };
        // SAFETY: it came from malloc, and nobody has it any more.
        unsafe { libc::free(self.0.as_ptr().cast()) };
    }
}

/// A value that several owners share, in one thread at a time: the last one drops it.
pub(crate) struct Rc<T>(NonNull<Counted<T>>);

struct Counted<T> {
    owners: Cell<usize>,
    value: T,
}

impl<T> Rc<T> {
    pub(crate) fn new(value: T) -> Option<Rc<T>> {
        let counted = TryBox::new(Counted { owners: Cell::new(1), value })?;
        NonNull::new(counted.into_raw()).map(Rc)
    }

    pub(crate) fn share(&self) -> Rc<T> {
        let owners = &self.counted().owners;
        owners.set(owners.get().saturating_add(1));
        Rc(self.0)
    }

    fn counted(&self) -> &Counted<T> {
        // SAFETY: it lives for as long as one owner does, and we are one; only shared references to
        // it are ever made.
        unsafe { self.0.as_ref() }
    }
}

impl<T> Deref for Rc<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.counted().value
    }
}

impl<T> Drop for Rc<T> {
    fn drop(&mut self) {
        let owners = &self.counted().owners;
        owners.set(owners.get().saturating_sub(1));
        if owners.get() == 0 {
            // SAFETY: it came from into_raw, and the last owner is going.
            drop(unsafe { TryBox::from_raw(self.0.as_ptr()) });
        }
    }
}

/// A list of fixed length.
pub(crate) struct FixedVec<T> {
    start: NonNull<T>,
    len: usize,
}

impl<T> FixedVec<T> {
    /// `count` values as `make` makes them; None: there is no memory.
    pub(crate) fn new(count: usize, mut make: impl FnMut(usize) -> T) -> Option<FixedVec<T>> {
        let mut list = FixedVec { start: alloc::<T>(count)?, len: 0 };
        while list.len < count {
            // SAFETY: there is room for `count` values, of which `len` have been written.
            let next = unsafe { list.start.add(list.len) };
            // SAFETY: that one has not.
            unsafe { next.write(make(list.len)) };
            list.len = list.len.saturating_add(1);
        }
        Some(list)
    }
}

impl<T> Deref for FixedVec<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: `len` values have been written there, and are borrowed as we are.
        unsafe { slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}

impl<T> DerefMut for FixedVec<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: likewise, exclusively.
        unsafe { slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }
}

impl<T> Drop for FixedVec<T> {
    fn drop(&mut self) {
        let values: *mut [T] = &mut **self;
        // SAFETY: the values are ours, and not used any more.
        unsafe { ptr::drop_in_place(values) };
        // SAFETY: it came from malloc, and nobody has it any more.
        unsafe { libc::free(self.start.as_ptr().cast()) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counts<'a>(&'a Cell<u32>);

    impl Drop for Counts<'_> {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }

    #[test]
    fn the_last_owner_drops_what_is_shared() {
        let dropped = Cell::new(0);
        let first = Rc::new(Counts(&dropped)).unwrap();
        let second = first.share();
        drop(first);
        assert_eq!(dropped.get(), 0);
        drop(second);
        assert_eq!(dropped.get(), 1);
    }

    #[test]
    fn a_list_drops_all_that_it_holds() {
        let dropped = Cell::new(0);
        let list = FixedVec::new(3, |_| Counts(&dropped)).unwrap();
        assert_eq!(list.len(), 3);
        drop(list);
        assert_eq!(dropped.get(), 3);
        assert_eq!(FixedVec::new(3, |index| index * 2).unwrap()[..], [0, 2, 4]);
        assert!(FixedVec::new(0, |_| 0).unwrap().is_empty());
    }

    #[test]
    fn no_memory_is_no_panic() {
        assert!(FixedVec::new(usize::MAX, |_| 0_u64).is_none());
        assert!(FixedVec::new(usize::MAX >> 4, |_| 0_u64).is_none());
    }

    #[test]
    fn a_box_survives_its_way_through_c() {
        let raw = TryBox::new(7).unwrap().into_raw();
        // SAFETY: it comes from into_raw.
        let back = unsafe { TryBox::from_raw(raw) };
        assert!(back.is_some());
        // SAFETY: null is allowed.
        assert!(unsafe { TryBox::<i32>::from_raw(ptr::null_mut()) }.is_none());
    }
}
