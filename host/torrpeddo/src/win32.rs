//! What only Windows' own functions can do, behind safe ones: who the user is, a pipe that nobody
//! else can reach, and reading from it and writing to it at the same time.
//!
//! On Windows this is the only module of this program with `unsafe`.
#![allow(unsafe_code)]

use std::ffi::c_void;
use std::fs::File;
use std::io;
use std::os::windows::ffi::OsStrExt;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::path::Path;
use std::ptr::{null, null_mut};

use tokio::net::windows::named_pipe::{NamedPipeServer, ServerOptions};
use windows_sys::Win32::Foundation::{
    ERROR_IO_PENDING, HANDLE, HANDLE_FLAG_INHERIT, LocalFree, SetHandleInformation, WAIT_TIMEOUT,
};
use windows_sys::Win32::Security::Authorization::{
    ConvertSidToStringSidW, ConvertStringSecurityDescriptorToSecurityDescriptorW, GetSecurityInfo,
    SDDL_REVISION_1, SE_KERNEL_OBJECT,
};
use windows_sys::Win32::Security::{
    GetTokenInformation, OWNER_SECURITY_INFORMATION, PSID, SECURITY_ATTRIBUTES, TOKEN_QUERY,
    TOKEN_USER, TokenUser,
};
use windows_sys::Win32::Storage::FileSystem::{ReadFile, WriteFile};
use windows_sys::Win32::System::Console::{
    FreeConsole, GetStdHandle, STD_ERROR_HANDLE, STD_INPUT_HANDLE, STD_OUTPUT_HANDLE,
};
use windows_sys::Win32::System::IO::{
    CancelIoEx, GetOverlappedResult, GetOverlappedResultEx, OVERLAPPED,
};
use windows_sys::Win32::System::Threading::{CreateEventW, GetCurrentProcess, OpenProcessToken};
use windows_sys::Win32::UI::Shell::{SHCNE_ASSOCCHANGED, SHCNF_IDLIST, SHChangeNotify};

/// Memory that Windows gave away.
struct Local(*mut c_void);

impl Drop for Local {
    fn drop(&mut self) {
        // SAFETY: Windows allocated it for us with LocalAlloc, and nobody else frees it.
        unsafe { LocalFree(self.0) };
    }
}

fn checked(well: i32) -> io::Result<()> {
    if well == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

fn wide(text: &std::ffi::OsStr) -> Vec<u16> {
    text.encode_wide().chain([0]).collect()
}

/// The security identifier of the user of this process, as text: `S-1-5-21-…`.
pub fn user_sid() -> io::Result<String> {
    let mut token: HANDLE = null_mut();
    // SAFETY: the token is written before it is used.
    checked(unsafe { OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &raw mut token) })?;
    // SAFETY: it was just opened, and is ours to close.
    let token = unsafe { OwnedHandle::from_raw_handle(token) };
    // Room for the structure and the longest identifier behind it, which it points to.
    let mut user = [0_u64; 16];
    let (mut written, bytes) = (0, size_of_val(&user) as u32);
    // SAFETY: the buffer is as long as it is said to be, and aligned for the structure.
    checked(unsafe {
        GetTokenInformation(
            token.as_raw_handle(),
            TokenUser,
            user.as_mut_ptr().cast(),
            bytes,
            &raw mut written,
        )
    })?;
    // SAFETY: Windows has just written this structure there, and `user` outlives the reference.
    let found = unsafe { &*user.as_ptr().cast::<TOKEN_USER>() };
    // SAFETY: the identifier is in `user`, too.
    unsafe { sid_text(found.User.Sid) }
}

/// # Safety
/// `sid` must point to a security identifier.
unsafe fn sid_text(sid: PSID) -> io::Result<String> {
    let mut text: *mut u16 = null_mut();
    // SAFETY: the caller's promise.
    checked(unsafe { ConvertSidToStringSidW(sid, &raw mut text) })?;
    let _freed = Local(text.cast());
    // SAFETY: the text ends with a zero, and is there until `_freed` goes.
    let text = unsafe {
        let length = (0..).take_while(|index| *text.add(*index) != 0).count();
        std::slice::from_raw_parts(text, length)
    };
    Ok(String::from_utf16_lossy(text))
}

/// Makes a pipe, or one more instance of one, that the user of this process owns and can open, and
/// nobody else; not from another machine either.
pub fn create_pipe(name: &Path, first: bool) -> io::Result<NamedPipeServer> {
    let user = user_sid()?;
    // The owner is named because that of an administrator's process would be a group. Protected from
    // what it would inherit; all rights for the user.
    let description = wide(format!("O:{user}D:P(A;;GA;;;{user})").as_ref());
    let mut descriptor: *mut c_void = null_mut();
    // SAFETY: the text ends with a zero; the descriptor is written before it is used.
    checked(unsafe {
        ConvertStringSecurityDescriptorToSecurityDescriptorW(
            description.as_ptr(),
            SDDL_REVISION_1,
            &raw mut descriptor,
            null_mut(),
        )
    })?;
    let descriptor = Local(descriptor);
    let mut attributes = SECURITY_ATTRIBUTES {
        nLength: size_of::<SECURITY_ATTRIBUTES>() as u32,
        lpSecurityDescriptor: descriptor.0,
        bInheritHandle: 0,
    };
    let mut options = ServerOptions::new();
    options.first_pipe_instance(first).reject_remote_clients(true);
    // SAFETY: the attributes and the descriptor in them are valid until the call returns.
    unsafe { options.create_with_security_attributes_raw(name, (&raw mut attributes).cast()) }
}

/// Whether the other end of an open pipe belongs to the user of this process. Anybody can take the
/// name of a pipe that is free.
pub fn is_ours(pipe: &File) -> io::Result<bool> {
    let (mut owner, mut descriptor): (PSID, _) = (null_mut(), null_mut());
    // SAFETY: the handle is open; what is not asked for may be null.
    let error = unsafe {
        GetSecurityInfo(
            pipe.as_raw_handle(),
            SE_KERNEL_OBJECT,
            OWNER_SECURITY_INFORMATION,
            &raw mut owner,
            null_mut(),
            null_mut(),
            null_mut(),
            &raw mut descriptor,
        )
    };
    if error != 0 {
        return Err(io::Error::from_raw_os_error(error.cast_signed()));
    }
    let _freed = Local(descriptor);
    // SAFETY: the owner is in the descriptor, which is there until `_freed` goes.
    Ok(unsafe { sid_text(owner) }? == user_sid()?)
}

/// Tells the desktop that other programs open links and files now.
pub fn associations_changed() {
    // SAFETY: no item is given with it, and it waits for nobody.
    unsafe { SHChangeNotify(SHCNE_ASSOCCHANGED.cast_signed(), SHCNF_IDLIST, null(), null()) };
}

/// For no limit of time.
pub use windows_sys::Win32::System::Threading::INFINITE;

/// Reads from a file that was opened for overlapped input and output: other threads may read and
/// write at the same time, while a file that was not would let them wait for each other. `millis`:
/// how long at most.
pub fn read(file: &File, buffer: &mut [u8], millis: u32) -> io::Result<usize> {
    let bytes = u32::try_from(buffer.len()).unwrap_or(u32::MAX);
    overlapped(file, millis, |handle, operation| {
        // SAFETY: `overlapped` returns only when nothing is written to the buffer any more.
        unsafe { ReadFile(handle, buffer.as_mut_ptr(), bytes, null_mut(), operation) }
    })
}

/// Writes to such a file.
pub fn write(file: &File, data: &[u8], millis: u32) -> io::Result<usize> {
    let bytes = u32::try_from(data.len()).unwrap_or(u32::MAX);
    overlapped(file, millis, |handle, operation| {
        // SAFETY: `overlapped` returns only when nothing is read from the data any more.
        unsafe { WriteFile(handle, data.as_ptr(), bytes, null_mut(), operation) }
    })
}

/// Begins an operation and waits for its end; after so many milliseconds it is called off.
fn overlapped(
    file: &File,
    millis: u32,
    begin: impl FnOnce(HANDLE, *mut OVERLAPPED) -> i32,
) -> io::Result<usize> {
    let handle = file.as_raw_handle();
    // SAFETY: no name and no attributes are given; what comes is checked.
    let event = unsafe { CreateEventW(null(), 1, 0, null()) };
    if event.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it was just made, and is ours to close.
    let event = unsafe { OwnedHandle::from_raw_handle(event) };
    let mut operation = OVERLAPPED { hEvent: event.as_raw_handle(), ..OVERLAPPED::default() };
    let operation = &raw mut operation;
    let begun = checked(begin(handle, operation));
    let pending = ERROR_IO_PENDING.cast_signed();
    if let Err(error) = begun
        && error.raw_os_error() != Some(pending)
    {
        return Err(error);
    }
    let mut moved = 0;
    // SAFETY: the operation is one of this handle, and is there until this function returns.
    let ended =
        checked(unsafe { GetOverlappedResultEx(handle, operation, &raw mut moved, millis, 0) });
    let timeout = WAIT_TIMEOUT.cast_signed();
    match ended {
        Err(error) if error.raw_os_error() == Some(timeout) => {
            // SAFETY: as above. The second call returns when the operation has ended one way or the
            // other, so that nobody uses its buffer after that.
            let ended = unsafe {
                CancelIoEx(handle, operation);
                GetOverlappedResult(handle, operation, &raw mut moved, 1)
            };
            if ended == 0 { Err(io::ErrorKind::TimedOut.into()) } else { Ok(moved as usize) }
        }
        ended => ended.map(|()| moved as usize),
    }
}

/// Keeps the standard streams of this process to itself: every process that it starts would inherit
/// them otherwise, and hold the browser's pipes open.
pub fn keep_standard_streams() {
    for stream in [STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, STD_ERROR_HANDLE] {
        // SAFETY: what is not there, or is no handle, is refused without harm.
        unsafe { SetHandleInformation(GetStdHandle(stream), HANDLE_FLAG_INHERIT, 0) };
    }
}

/// Leaves the console of this process, if it has one.
pub fn leave_console() {
    // SAFETY: it takes nothing, and fails where there is no console.
    unsafe { FreeConsole() };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_has_an_identifier() {
        let user = user_sid().unwrap();
        assert!(user.starts_with("S-1-"), "{user}");
        assert_eq!(user, user_sid().unwrap());
    }
}
